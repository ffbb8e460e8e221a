"""Files of ground truth and predictions, official evaluations of them, and the metrics.

Importing this loads nothing of OpenMMLab: reading and evaluating folders takes numpy alone.
"""
