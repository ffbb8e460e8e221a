# PoseWarper: its neck ends at heatmaps, so that the head has nothing to add. No further objective.
# Trains on pairs: train_pipeline's SampleSupportFrames needs pairs=True. See docs/posewarper.md.
neck = dict(type='jmpose_mm.PoseWarpingNeck', frame_offsets=(-2, -1, 0, 1, 2))
head = dict(in_channels=17, final_layer=None)
