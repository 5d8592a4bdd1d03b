"""Export of estimators to ONNX, as one graph from the rows to the prediction.

Layers that only compute with operations of Keras are not known here: each is called on
symbolic tensors, and its operations are translated. So a layer of the user can be
exported too, and a change of a layer needs no change here. Recurrent layers become the
recurrent nodes of ONNX.
"""
