"""Files of sentences and pairs on the tabs Fill mask and Score."""
