"""Networks of the field in the place of the SVM: fitted inside each fold, on its training subjects alone."""

from mer.networks.learner import FittedNetwork, InnerNetwork, Network

__all__ = ["FittedNetwork", "InnerNetwork", "Network"]
