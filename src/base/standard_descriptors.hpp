// Standard input, output and error, also where the parent process closed them.
#pragma once

namespace vmms {

/// Where one of the three is closed, the next file that is opened would get its number, and messages for people would
/// be written into that file. This gives the number to something that can neither be read nor written, as when it is
/// closed (EBADF). Call it first, while there is one thread.
void hold_standard_descriptors();

}  // namespace vmms
