"""Persons of a video: boxes of every frame, identities over time."""
