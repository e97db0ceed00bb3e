"""A product of three lognormals."""


def product(a, b, c):
    """Product of three inputs."""
    return a * b * c
