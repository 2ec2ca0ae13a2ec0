#ifndef CPAGE_H
#define CPAGE_H

// The files of the page in the browser, as bytes in the binary: a static command needs no folder beside it.

typedef struct {
  const char *name;   // "step.js"
  const char *bytes;  // UTF-8, and a 0 behind it
  unsigned long count;
} bp_page_file;

// In the order in which a module may stand behind those that it imports from.
const bp_page_file *bp_page_all(void);
extern const unsigned long bp_page_file_count;

#endif
