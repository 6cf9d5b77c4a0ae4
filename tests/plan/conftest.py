from tests.run.conftest import make_house, model

__all__ = ["make_house", "model"]
