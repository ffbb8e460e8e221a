"""Own labels of any annotation program made into a data set, its skeleton and ready configs."""
