_base_ = './own-clips.py'

# Labels of a teacher on films without any: `weigh` takes its certainty as weights, `degrade` hides
# the key frame and leaves its neighbours. See docs/few_labels.md.
degrade = dict(type='jmpose_mm.DegradeFrames', prob=0.25)
weigh = dict(type='jmpose_mm.WeighKeypoints')
