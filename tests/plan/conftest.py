from tests.run.conftest import make_house

__all__ = ["make_house"]
