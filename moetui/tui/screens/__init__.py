"""The screens: launch, live, runs, and the dialogs over them."""
