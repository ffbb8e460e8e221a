"""The one estimator: backbone on every frame, neck, head."""
