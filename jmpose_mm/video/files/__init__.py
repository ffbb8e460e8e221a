"""Files of poses: poses.json, exports, drawn films."""
