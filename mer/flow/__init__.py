"""Stage 5 (network 2): dense optical flow from onset to apex; one file a backbone.

A backbone is a `mer.types.FlowBackbone`: called with two grey images it returns a `FlowField` in pixels, x to the
right, y downwards. A new one is a file here and a YAML in ``conf/flow``; `mer.flow.base` has the checks, the contrast
normalisation and ``.batch`` that the classical ones share.
"""
