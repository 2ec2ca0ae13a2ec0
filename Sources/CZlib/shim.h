// zlib reads the .gz files and the compressed members of .npz archives.
#include <zlib.h>
