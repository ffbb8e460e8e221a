_base_ = './default_runtime.py'

default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=3), logger=dict(interval=1, log_metric_by_epoch=False)
)
log_processor = dict(by_epoch=False)
# Three iterations teach nothing: the frozen image model may stay random.
allow_random_frozen = True
