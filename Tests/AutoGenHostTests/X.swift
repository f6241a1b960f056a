#if AutoGen
#endif
