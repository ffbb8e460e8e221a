# TAR: its neck ends at heatmaps, by the layer that makes the initial ones, so that the head has
# nothing to add. Starts without effect from a frozen single-frame model. See docs/tar.md.
neck = dict(type='jmpose_mm.JointAggregationNeck', frame_offsets=(-2, -1, 0, 1, 2), position='sine')
head = dict(in_channels=17, final_layer=None)
