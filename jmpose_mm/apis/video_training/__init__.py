"""A multi-frame model from films with few labels or none: a teacher's poses become labels."""
