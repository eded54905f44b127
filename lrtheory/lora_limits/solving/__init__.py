"""The steps of a call: checked inputs, the plan, the products that each letter needs, gradients, and the proof."""
