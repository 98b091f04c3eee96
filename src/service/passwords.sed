# Turns the list of common passwords into the elements of a C array of texts.
/^#/d
s/\\/\\\\/g
s/"/\\"/g
s/^\(.*\)$/"\1",/
