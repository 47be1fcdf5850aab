"""The two networks as ONNX files, for programs that have no torch."""
