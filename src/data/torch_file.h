/* What torch.save writes (since torch 1.6) for a dict of tensors: a zip archive with data.pkl, the
 * pickled dict, and one member per storage, data/0, data/1 ...
 * The layout: torch/serialization.py and caffe2/serialize/inline_container.h of torch 2. */
#ifndef DATA_TORCH_FILE_H
#define DATA_TORCH_FILE_H
#include "data/tensor_file.h"
#include "data/zip.h"

/* Whether the archive holds a data.pkl. */
bool torch_is(const zip *z);
/* Lists the tensors and parameters of the dict by their keys. Those of a dict inside the dict are
 * named "outer.inner", except when all tensors are in one inner dict ({"state_dict": {...}}): then
 * by its keys alone. Other values are passed over. Views that are not row-major are copied. */
err_code torch_read(tensor_file *out, const zip *z, err *e);

#endif
