/* HOST_DEVICE before a function: where CUDA's compiler reads it, it is compiled for the GPU as
 * well. What one number becomes is written once, and tested without a GPU. */
#ifndef BASE_HOST_DEVICE_H
#define BASE_HOST_DEVICE_H

#ifdef __CUDACC__
#define HOST_DEVICE __host__ __device__
#else
#define HOST_DEVICE
#endif

#endif
