"""Why a build failed."""


class BuildError(Exception):
    """What is wrong, and the next step: in Chinese and in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")
