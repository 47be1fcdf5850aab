"""Training of network 2: the flow of `mer.flow.microflow`."""
