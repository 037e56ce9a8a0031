"""Automated search: Optuna proposes settings, ordinary runs try them."""
