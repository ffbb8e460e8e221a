"""Read by every Python process that has this folder on its path."""

import windows_stand_in

windows_stand_in.activate()
