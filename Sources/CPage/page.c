#include "CPage.h"

// #embed is of C23; Clang has it in C99 too.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char style_css[] = {
#embed "page/style.css"
  , 0};
static const char dom_js[] = {
#embed "page/dom.js"
  , 0};
static const char words_js[] = {
#embed "page/words.js"
  , 0};
static const char state_js[] = {
#embed "page/state.js"
  , 0};
static const char trace_js[] = {
#embed "page/trace.js"
  , 0};
static const char charts_js[] = {
#embed "page/charts.js"
  , 0};
static const char network_js[] = {
#embed "page/network.js"
  , 0};
static const char equations_js[] = {
#embed "page/equations.js"
  , 0};
static const char step_js[] = {
#embed "page/step.js"
  , 0};
static const char shell_js[] = {
#embed "page/shell.js"
  , 0};
static const char file_js[] = {
#embed "page/file.js"
  , 0};
static const char server_js[] = {
#embed "page/server.js"
  , 0};
static const char train_js[] = {
#embed "page/train.js"
  , 0};
static const char check_js[] = {
#embed "page/check.js"
  , 0};
static const char whatif_js[] = {
#embed "page/whatif.js"
  , 0};
static const char studio_js[] = {
#embed "page/studio.js"
  , 0};

#define FILE(name, bytes) {name, bytes, sizeof bytes - 1}

static const bp_page_file files[] = {
    FILE("style.css", style_css),
    FILE("dom.js", dom_js),
    FILE("words.js", words_js),
    FILE("state.js", state_js),
    FILE("trace.js", trace_js),
    FILE("charts.js", charts_js),
    FILE("network.js", network_js),
    FILE("equations.js", equations_js),
    FILE("step.js", step_js),
    FILE("shell.js", shell_js),
    FILE("file.js", file_js),
    FILE("server.js", server_js),
    FILE("train.js", train_js),
    FILE("check.js", check_js),
    FILE("whatif.js", whatif_js),
    FILE("studio.js", studio_js),
};

const unsigned long bp_page_file_count = sizeof files / sizeof files[0];

const bp_page_file *bp_page_all(void) { return files; }
