"""Feature extractors that mmpose does not have."""
