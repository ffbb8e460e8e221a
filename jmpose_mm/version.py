"""The version, alone in a file so that the build reads it without importing the package.

Example:
    >>> import jmpose_mm
    >>> jmpose_mm.__version__.count('.')
    2
"""

__version__ = '1.0.0'
