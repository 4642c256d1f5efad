"""One page about an execution, to be looked at without a network and handed on."""
