_base_ = './tar_vit-base_1xb16-30e_posetrack17-384x288.py'

# The network of the authors' code and of their weights, which is not the paper's: docs/tar.md.
model = dict(neck=dict(layout='released'))
