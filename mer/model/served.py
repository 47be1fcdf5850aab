"""What MLflow runs when it loads a model of mer: copied into the model's folder, models-from-code, no pickle."""

from mlflow.models import set_model

from mer.model.serving import Served

set_model(Served())
