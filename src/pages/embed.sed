# Turns a file into the lines of one C text.
s/\\/\\\\/g
s/"/\\"/g
s/^\(.*\)$/"\1\\n"/
