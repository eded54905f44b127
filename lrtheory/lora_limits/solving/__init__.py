"""From the arguments of a call to its gradients: checked inputs, the plan, the products of each letter, the proof."""
