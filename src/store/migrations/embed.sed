# Turns a migration into the lines of a C array of texts.
s/\\/\\\\/g
s/"/\\"/g
s/^\(.*\)$/"\1\\n",/
