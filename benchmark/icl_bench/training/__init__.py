"""Training with the standard recipe: data in `tasks/<suite>/recipe.yaml`, seeds explicit, runs resumable."""
