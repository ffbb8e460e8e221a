"""Running on video: frames in, poses with identities out."""
