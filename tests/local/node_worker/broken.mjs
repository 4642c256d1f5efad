// Imports what is not there.
import "no-such-package";

export const handler = async () => null;
