# DCPose: its neck ends at heatmaps, so that the head has nothing to add. No further objective.
neck = dict(type='jmpose_mm.DualConsecutiveNeck', frame_offsets=(-1, 0, 1))
head = dict(in_channels=17, final_layer=None)
