"""Clusters without labels against plain definitions, and the estimator under the checks of scikit-learn."""
