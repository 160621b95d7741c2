"""Export: adapters, merged models and training sets as folders in the hub's layout, each with a card."""
