# Writes a C file that holds the bytes and the SHA-256 of PROGRAM.
file(SHA256 ${PROGRAM} sum)
file(WRITE ${IMAGE} "// Written by agent/image.cmake.
const char vmms_agent_sha256[] = \"${sum}\";
__asm__(\".section .rodata\\n\"
        \".global vmms_agent_begin, vmms_agent_end\\n\"
        \"vmms_agent_begin: .incbin \\\"${PROGRAM}\\\"\\n\"
        \"vmms_agent_end: .byte 0\\n\"
        \".previous\\n\");
")
