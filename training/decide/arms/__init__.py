"""What competes: from naming one class always to networks that know ImageNet."""
