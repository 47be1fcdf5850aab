"""Training of network 1: the detector and the 68 points of `mer.landmarks.cnn68`."""
