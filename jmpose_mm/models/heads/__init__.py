"""The heatmap head."""
