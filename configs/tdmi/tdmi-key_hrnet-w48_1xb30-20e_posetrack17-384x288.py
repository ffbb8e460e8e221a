_base_ = './tdmi_hrnet-w48_1xb30-20e_posetrack17-384x288.py'

# The paper's figure: appearance is the key frame's own feature, nothing is aligned.
model = dict(neck=dict(appearance='key', encoder=dict(smooth_first=True)))
