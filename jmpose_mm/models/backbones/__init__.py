"""Feature extractors that mmpose does not have."""

from jmpose_mm.models.backbones.deconv_backbone import DeconvBackbone
from jmpose_mm.models.backbones.hrnet_stages import HRNetStages
from jmpose_mm.models.backbones.vision_transformer import VisionTransformer

__all__ = ['DeconvBackbone', 'HRNetStages', 'VisionTransformer']
