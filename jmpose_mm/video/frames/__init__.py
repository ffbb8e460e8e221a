"""Frames of whatever a user has: videos, pictures, cameras, arrays."""
