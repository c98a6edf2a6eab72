"""Files as Keras 1, Keras 2 and tf.keras wrote them, made with h5py and json alone."""
