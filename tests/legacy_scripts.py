"""Scripts in the idioms of Keras 1, Keras 2 and tf.keras, one idiom each.

They import as they did then. `X` has shape (16, 4), `Y` is one-hot of 3 classes, `t` of
shape (16, 1) is 0 or 1; `np` is NumPy. Each asserts a number or a shape.
"""

SCRIPTS = {
    # --- Keras 1 ---------------------------------------------------------------------
    "dense of Keras 1": """
from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation
from keras.regularizers import l2, activity_l2
model = Sequential()
model.add(Dense(output_dim=5, input_dim=4, init="uniform", W_regularizer=l2(0.01),
                activity_regularizer=activity_l2(0.01), bias=False))
model.add(Dropout(p=0.5))
model.add(Dense(3, init=lambda shape, name=None: np.ones(shape)))
model.add(Activation("softmax"))
assert [w.shape for w in model.get_weights()] == [(4, 5), (5, 3), (3,)]
assert model.get_weights()[1].min() == 1 and len(model.losses) == 1
""",
    "convolutions of Keras 1": """
from keras.models import Sequential
from keras.layers.convolutional import Convolution2D, MaxPooling2D, ZeroPadding2D
from keras.layers.core import Flatten
model = Sequential()
model.add(ZeroPadding2D((1, 1), input_shape=(1, 6, 8), dim_ordering="th"))
model.add(Convolution2D(4, 3, 3, border_mode="valid", dim_ordering="th"))
model.add(Convolution2D(nb_filter=2, nb_row=1, nb_col=3, subsample=(1, 2),
                        border_mode="same", dim_ordering="th"))
model.add(MaxPooling2D(pool_size=(2, 2), border_mode="valid", dim_ordering="th"))
assert model.output_shape == (None, 2, 3, 2)
model.add(Flatten())
assert model.output_shape == (None, 12)
""",
    "kernels given as numbers": """
from keras.layers import Convolution2D, Convolution3D, Conv2D, SeparableConvolution2D
assert Convolution2D(8, 5, 3).kernel_size == (5, 3)
assert Convolution3D(8, 1, 2, 3).kernel_size == (1, 2, 3)
assert SeparableConvolution2D(8, 2, 2).strides == (1, 1)
assert Conv2D(8, 3, 2).strides == (2, 2)  # as in Keras 3
assert isinstance(Convolution2D(8, 5, 3), Conv2D)
assert Convolution2D(8, 5, 3, name="c").get_config()["kernel_size"] == (5, 3)
""",
    "sequences of Keras 1": """
from keras.models import Sequential
from keras.layers import Convolution1D, MaxPooling1D, UpSampling1D
model = Sequential()
model.add(Convolution1D(nb_filter=3, filter_length=2, border_mode="same",
                        subsample_length=1, input_dim=2, input_length=8))
model.add(MaxPooling1D(pool_length=4, stride=2))
assert model.output_shape == (None, 3, 3)
model.add(UpSampling1D(length=2))
assert model.output_shape == (None, 6, 3)
""",
    "LSTM of Keras 1": """
from keras.models import Sequential
from keras.layers.recurrent import LSTM
model = Sequential()
model.add(LSTM(output_dim=3, init="glorot_uniform", inner_init="orthogonal",
               forget_bias_init="one", inner_activation="hard_sigmoid", dropout_W=0.1,
               dropout_U=0.2, consume_less="gpu", input_dim=2, input_length=5))
lstm = model.layers[0]
assert (lstm.dropout, lstm.recurrent_dropout) == (0.1, 0.2)
assert lstm.get_weights()[2].tolist() == [0] * 3 + [1] * 3 + [0] * 6
assert model.input_shape == (None, 5, 2) and model.output_shape == (None, 3)
""",
    "embedding with an input_length": """
from keras.models import Sequential
from keras.layers.embeddings import Embedding
from keras.layers import Flatten, Dense
model = Sequential()
model.add(Embedding(10, 4, input_length=6, weights=[np.full((10, 4), 0.5)]))
model.add(Flatten())
assert model.output_shape == (None, 24)
assert model.predict(np.ones((1, 6), "int32"), verbose=0).sum() == 12
""",
    "weights of any layer": """
from keras.models import Sequential
from keras.layers import Dense
model = Sequential([Dense(2, input_dim=4, weights=[np.ones((4, 2)), np.zeros(2)])])
assert np.allclose(model.predict(X, verbose=0), X.sum(1, keepdims=True), atol=1e-5)
""",
    "nb_epoch and a triple of validation data": """
from keras.models import Sequential
from keras.layers import Dense
model = Sequential([Dense(3, input_dim=4, activation="softmax")])
model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["acc"],
              class_mode="categorical")
history = model.fit(X, Y, nb_epoch=3, batch_size=16, verbose=0, show_accuracy=True,
                    validation_data=(X, Y, np.zeros(16)))
assert sorted(history.history) == ["acc", "loss", "val_acc", "val_loss"]
assert len(history.history["acc"]) == 3 and history.history["val_loss"] == [0, 0, 0]
classes = model.predict_classes(X, verbose=0)
assert classes.shape == (16,) and set(classes) <= {0, 1, 2}
assert np.allclose(model.predict_proba(X).sum(1), 1, atol=1e-5)
""",
    "samples_per_epoch": """
from keras.models import Sequential
from keras.layers import Dense
model = Sequential([Dense(1, input_dim=4)])
model.compile("sgd", "mse")
def batches():
    while True:
        seen.append(1)
        yield X[:4], t[:4]
seen = []
history = model.fit_generator(batches(), samples_per_epoch=12, nb_epoch=2, verbose=0,
                              validation_data=batches(), nb_val_samples=8,
                              max_q_size=2, nb_worker=1, pickle_safe=False)
assert history.epoch == [0, 1] and model.optimizer.iterations == 6
assert len(history.history["val_loss"]) == 2
assert model.predict_generator(batches(), val_samples=6).shape == (8, 1)
""",
    "models of inputs and outputs": """
from keras.models import Model
from keras.layers import Input, Dense, merge
a, b = Input(shape=(4,)), Input(shape=(2,))
joined = merge([a, b], mode="concat", concat_axis=1)
model = Model(input=[a, b], output=Dense(1, init="one")(joined))
out = model.predict([X, np.ones((16, 2))], verbose=0)
assert np.allclose(out[:, 0], X.sum(1) + 2, atol=1e-5)
""",
    "all modes of merge": """
from keras.layers import Input, merge
a, b = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
found = {m: np.asarray(merge([a, b], mode=m)).ravel().tolist()
         for m in ("sum", "mul", "ave", "max", "concat", "dot")}
assert found == {"sum": [4, 6], "mul": [3, 8], "ave": [2, 3], "max": [3, 4],
                 "concat": [1, 2, 3, 4], "dot": [11]}
assert np.allclose(merge([a, b], mode="cos"), 11 / np.sqrt(5 * 25))
assert np.asarray(merge([a, b], mode=lambda p: p[0] - p[1])).tolist() == [[-2, -2]]
""",
    "Merge of two branches": """
from keras.models import Sequential
from keras.layers import Dense, Merge
left, right = Sequential([Dense(2, input_dim=4)]), Sequential([Dense(3, input_dim=4)])
model = Sequential()
model.add(Merge([left, right], mode="concat"))
model.add(Dense(1))
model.compile(loss="mse", optimizer="rmsprop")
assert model.output_shape == (None, 1) and len(model.get_weights()) == 6
loss = model.fit([X, X], t, nb_epoch=1, verbose=0).history["loss"]
assert np.isfinite(loss).all() and model.predict([X, X], verbose=0).shape == (16, 1)
""",
    "layers that are gone": """
from keras.models import Sequential
from keras.layers import Highway, MaxoutDense, TimeDistributedDense
from keras.layers.advanced_activations import ThresholdedReLU, LeakyReLU
model = Sequential([Highway(input_dim=4), MaxoutDense(3, nb_feature=2)])
assert model.output_shape == (None, 3) and model.count_params() == 2 * 20 + 2 * 15
assert np.asarray(ThresholdedReLU(theta=1.0)(np.array([0.5, 2.0]))).tolist() == [0, 2]
assert np.allclose(LeakyReLU(alpha=0.1)(np.array([-1.0])), -0.1)
assert TimeDistributedDense(5)(np.ones((2, 3, 4))).shape == (2, 3, 5)
""",
    "convolutions that have other names": """
from keras.layers import AtrousConvolution2D, Deconvolution2D
x = np.ones((1, 7, 7, 1))
layer = AtrousConvolution2D(2, 3, 3, atrous_rate=(2, 2), border_mode="valid")
assert layer(x).shape == (1, 3, 3, 2)
layer = Deconvolution2D(2, 3, 3, output_shape=(None, 15, 15, 2), subsample=(2, 2))
assert layer(x).shape == (1, 15, 15, 2)
""",
    "constraints and noise of Keras 1": """
from keras.constraints import maxnorm, nonneg, unitnorm
from keras.layers.noise import GaussianNoise, GaussianDropout
from keras.layers.normalization import BatchNormalization
from keras.layers import Dense
layer = Dense(3, W_constraint=maxnorm(2), b_constraint="nonneg")
assert layer.kernel_constraint.max_value == 2
assert type(layer.bias_constraint).__name__ == "NonNeg"
assert GaussianNoise(sigma=0.3).stddev == 0.3 and GaussianDropout(p=0.2).rate == 0.2
assert BatchNormalization(mode=0, beta_init="one")(np.ones((2, 3))).shape == (2, 3)
""",
    "objectives and initializations": """
from keras import objectives, initializations
from keras.objectives import mse
from keras.regularizers import WeightRegularizer, l1l2
assert float(objectives.mean_squared_error(np.zeros((1, 2)), np.ones((1, 2)))[0]) == 1
assert mse is objectives.mean_squared_error
assert np.shape(initializations.get("glorot_uniform")((3, 2))) == (3, 2)
assert WeightRegularizer(l2=0.5).l2 == l1l2(l2=0.5).l2 == 0.5
""",
    "old utilities": """
from keras.utils import np_utils
from keras.utils.np_utils import to_categorical, categorical_probas_to_classes
from keras.utils.io_utils import print_msg
assert print_msg("", line_break=False) is None
from keras.utils.generic_utils import Progbar, get_custom_objects
from keras.utils.layer_utils import get_source_inputs, print_summary
assert np_utils.to_categorical([0, 2], 3).tolist() == [[1, 0, 0], [0, 0, 1]]
assert categorical_probas_to_classes(Y).tolist() == Y.argmax(1).tolist()
""",
    "a layer of one's own, Keras 1": """
from keras import backend as K
from keras.engine.topology import Layer
class Scale(Layer):
    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super(Scale, self).__init__(**kwargs)
    def build(self, input_shape):
        self.W = self.add_weight((input_shape[-1], self.output_dim),
                                 initializer="ones", name="W")
        super(Scale, self).build(input_shape)
    def call(self, x, mask=None):
        return K.dot(x, self.W)
assert np.allclose(Scale(2)(X)[:, 1], X.sum(1), atol=1e-5)
assert len(Scale(2, input_shape=(4,)).weights) == 0
""",
    # --- Keras 2 ---------------------------------------------------------------------
    "lr and decay": """
from keras.optimizers import SGD, Adam, RMSprop
import keras.backend as K
sgd = SGD(lr=0.5, decay=1.0, momentum=0.0, nesterov=False)
assert float(sgd.learning_rate) == 0.5
sgd.apply([np.ones(1)], [v := K.variable([0.0])])
assert float(sgd.learning_rate) == 0.25
adam = Adam(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0)
assert adam.epsilon == 1e-7
rms = RMSprop(lr=0.01)
K.set_value(rms.lr, 0.5)
assert K.get_value(rms.lr) == 0.5
""",
    "a loss of K functions": """
import keras.backend as K
from keras.models import Sequential
from keras.layers import Dense
def loss(y_true, y_pred):
    error = K.square(K.clip(y_pred, K.epsilon(), 1.0) - K.cast(y_true, "float32"))
    return K.mean(K.sum(error, axis=-1), axis=-1)
def within(y_true, y_pred):
    return K.mean(K.cast(K.less(K.abs(y_true - y_pred), 0.5), K.floatx()))
model = Sequential([Dense(1, activation="sigmoid", input_dim=4,
                          kernel_initializer="zeros")])
model.compile(loss=loss, optimizer="sgd", metrics=[within])
found = model.evaluate(X, t, verbose=0)
assert np.allclose(found, [0.25, 0.0])
""",
    "K.function for the output of a layer": """
from keras import backend as K
from keras.models import Sequential
from keras.layers import Dense, Dropout
model = Sequential([Dense(5, input_shape=(4,)), Dropout(0.5), Dense(2)])
get = K.function([model.layers[0].input, K.learning_phase()], [model.layers[1].output])
quiet, loud = get([X, 0])[0], get([X, 1])[0]
assert quiet.shape == (16, 5) and (quiet == 0).sum() < 5 < (loud == 0).sum()
""",
    "K.gradients: which inputs matter": """
from keras import backend as K
from keras.models import Sequential
from keras.layers import Dense
model = Sequential([Dense(1, input_shape=(4,), kernel_initializer="ones")])
loss = K.mean(model.output)
slopes = K.gradients(loss, model.input)[0]
slopes /= K.sqrt(K.mean(K.square(slopes))) + 1e-5
step = K.function([model.input], [loss, slopes])
value, direction = step([X])
assert np.isclose(value, X.sum(1).mean(), atol=1e-5)
assert np.allclose(direction, 1.0, atol=1e-3)
weights = K.function([model.input], K.gradients(loss, model.trainable_weights))
assert np.allclose(weights([X])[0][:, 0], X.mean(0), atol=1e-5)
""",
    "K in a Lambda": """
from keras import backend as K
from keras.layers import Input, Lambda
from keras.models import Model
x = Input((4,))
norm = Lambda(lambda v: K.l2_normalize(v, axis=1), output_shape=(4,))(x)
both = Lambda(lambda v: K.batch_dot(v[0], v[1], axes=1))([norm, norm])
assert np.allclose(Model(x, both).predict(X + 1, verbose=0), 1, atol=1e-5)
assert K.int_shape(both) == (None, 1) and K.ndim(x) == 2 and K.is_keras_tensor(x)
""",
    "variables of K": """
from keras import backend as K
v = K.variable(np.array([1.0, 2.0]), name="v")
K.update_add(v, 1.0)
K.set_value(v, K.get_value(v) * 2)
assert K.eval(v).tolist() == [4, 6] and K.eval(K.sigmoid(v)).shape == (2,)
assert K.batch_get_value([v, v])[1].tolist() == [4, 6]
assert K.eval(K.zeros_like(v)).tolist() == [0, 0]
assert float(K.foldl(lambda a, b: a + b, v)) == 10
assert K.image_dim_ordering() == "tf" and K.image_data_format() == "channels_last"
""",
    "reshaping with K": """
from keras import backend as K
x = K.reshape(K.arange(6, dtype="float32"), (2, 3))
assert K.repeat(x, 4).shape == (2, 4, 3)
assert K.repeat_elements(x, 2, axis=1).shape == (2, 6)
assert K.permute_dimensions(x, (1, 0)).shape == (3, 2)
assert K.eval(K.reverse(x, 1)).tolist() == [[2, 1, 0], [5, 4, 3]]
assert K.eval(K.argmax(x)).tolist() == [2, 2] and K.flatten(x).shape == (6,)
assert K.concatenate([x, x]).shape == (2, 6) and K.stack([x, x]).shape == (2, 2, 3)
assert K.eval(K.cumsum(x)).tolist() == [[0, 1, 2], [3, 5, 7]]
assert K.eval(K.gather(x, [1])).tolist() == [[3, 4, 5]]
assert K.eval(K.switch(K.greater(x, 2), x, -x))[0].tolist() == [0, -1, -2]
assert K.eval(K.sqrt(K.constant([-1.0, 4.0]))).tolist() == [0, 2]
assert K.dot(K.ones((2, 3)), K.ones((4, 3, 5))).shape == (2, 4, 5)
assert K.batch_dot(K.ones((2, 3, 4)), K.ones((2, 4, 5))).shape == (2, 3, 5)
""",
    "networks by K": """
from keras import backend as K
images, kernel = K.ones((1, 4, 4, 2)), K.ones((3, 3, 2, 3))
assert K.eval(K.conv2d(images, kernel, padding="same"))[0, 1, 1, 0] == 18
assert K.depthwise_conv2d(images, kernel).shape == (1, 2, 2, 6)
assert K.eval(K.pool2d(images * 2, (2, 2), pool_mode="avg")).max() == 2
assert K.spatial_2d_padding(images).shape == (1, 6, 6, 2)
assert K.resize_images(images, 2, 3, "channels_last").shape == (1, 8, 12, 2)
assert K.conv1d(K.ones((2, 5, 4)), K.ones((2, 4, 3))).shape == (2, 4, 3)
assert K.expand_dims(images).shape == (1, 4, 4, 2, 1)
assert K.eval(K.bias_add(images, K.constant([1.0, 2.0])))[0, 0, 0].tolist() == [2, 3]
assert np.allclose(K.relu(np.array([-1.0, 9.0]), alpha=0.1, max_value=6), [-0.1, 6])
assert np.allclose(K.hard_sigmoid(np.array([1.0])), 0.7)
assert K.eval(K.in_top_k(Y, Y.argmax(1), 1)).all()
assert K.cast_to_floatx([1, 2]).dtype == "float32"
assert K.eval(K.foldr(lambda a, b: a - b, K.constant([1.0, 2.0, 4.0]))) == 1
""",
    "K with symbols": """
from keras import backend as K
from keras.layers import Input, Dense
from keras.models import Model
x = K.placeholder(shape=(None, 4))
y = K.sigmoid(K.cast(K.stop_gradient(x), "float32"))
y = y + K.logsumexp(x, axis=1, keepdims=True)
found = Model(x, y).predict(np.zeros((2, 4)), verbose=0)
assert np.allclose(found, 0.5 + np.log(4))
assert K.truncated_normal((2, 3), mean=5.0).shape == (2, 3)
assert K.in_train_phase(1, 2) == 2 and K.in_train_phase(1, 2, training=True) == 1
""",
    "CTC with K": """
from keras import backend as K
labels, scores = np.array([[0, 1]]), np.full((1, 4, 3), 1 / 3)
cost = K.ctc_batch_cost(labels, scores, np.array([[4]]), np.array([[2]]))
assert np.allclose(cost, [[-np.log(15 / 81)]], atol=1e-4)
found, _ = K.ctc_decode(np.eye(3)[[0, 0, 2, 1]][None], np.array([4]))
assert K.eval(found[0]).tolist()[0][:2] == [0, 1]
""",
    "fit_generator of Keras 2": """
from keras.models import Sequential
from keras.layers import Dense
from keras.utils import Sequence
class Batches(Sequence):
    def __len__(self):
        return 4
    def __getitem__(self, i):
        return X[4 * i : 4 * i + 4], t[4 * i : 4 * i + 4]
model = Sequential([Dense(1, input_dim=4)])
model.compile(loss="mse", optimizer="sgd")
history = model.fit_generator(generator=Batches(), steps_per_epoch=4, epochs=1,
                              validation_data=Batches(), validation_steps=2, verbose=0,
                              workers=1, use_multiprocessing=False, max_queue_size=10)
assert set(history.history) == {"loss", "val_loss"}
direct = model.evaluate(X, t, verbose=0)
assert np.isclose(model.evaluate_generator(Batches(), steps=4), direct)
""",
    "CuDNN layers": """
from keras.layers import CuDNNLSTM, CuDNNGRU, Bidirectional
both = Bidirectional(CuDNNLSTM(3, return_sequences=True))
assert both(np.ones((2, 4, 5))).shape == (2, 4, 6)
gru = CuDNNGRU(3)
assert gru.reset_after and gru(np.ones((2, 4, 5))).shape == (2, 3)
""",
    "merging modules of Keras 2": """
from keras.layers.merge import concatenate, add, Dot
from keras.layers.wrappers import TimeDistributed
from keras.layers.recurrent import RNN, GRUCell
from keras.layers import Dense
assert concatenate([X, X]).shape == (16, 8) and np.allclose(add([X, X]), 2 * X)
assert TimeDistributed(Dense(2))(np.ones((2, 3, 4))).shape == (2, 3, 2)
assert RNN(GRUCell(3))(np.ones((2, 3, 4))).shape == (2, 3)
""",
    "binary predict_classes": """
from keras.models import Sequential
from keras.layers import Dense
model = Sequential([Dense(1, activation="sigmoid", input_dim=1)])
model.set_weights([np.array([[1.0]]), np.array([0.0])])
found = model.predict_classes(np.array([[-1.0], [2.0]]), batch_size=2, verbose=0)
assert found.dtype == "int32" and found.tolist() == [[0], [1]]
""",
    "configs without modules": """
from keras.models import Sequential, model_from_config, model_from_json
from keras.layers import Dense
config = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {
    "name": "d", "output_dim": 3, "init": "uniform", "batch_input_shape": [None, 2]}}]}
assert model_from_config(config).output_shape == (None, 3)
""",
    # --- tf.keras --------------------------------------------------------------------
    "tf.keras, the modules": """
from tensorflow import keras
from tensorflow.keras import layers, models
from tensorflow.keras.layers import Dense, InputLayer
from tensorflow.keras.utils import to_categorical
import tensorflow.keras.backend as K
model = keras.models.Sequential([layers.InputLayer(input_shape=(4,)), Dense(3)])
model.compile(optimizer=keras.optimizers.Adam(lr=0.01), loss="mse")
assert model.output_shape == (None, 3) and K.epsilon() == 1e-7
assert np.isclose(float(model.optimizer.learning_rate), 0.01)
""",
    "tf.keras, experimental preprocessing": """
from tensorflow.keras.layers.experimental import preprocessing
from tensorflow.keras.layers.experimental.preprocessing import Rescaling
assert np.asarray(Rescaling(0.5)(np.array([4.0]))).tolist() == [2]
assert preprocessing.Normalization(mean=1.0, variance=4.0)(np.array([[5.0]])) == 2
""",
    "tf.keras, a model of one's own": """
import tensorflow as tf
class Net(tf.keras.Model):
    def __init__(self):
        super(Net, self).__init__()
        self.dense = tf.keras.layers.Dense(2, kernel_initializer="ones")
    def call(self, inputs, training=False):
        return self.dense(inputs)
assert np.allclose(Net()(X)[:, 0], X.sum(1), atol=1e-5)
""",
    # --- data, all ages --------------------------------------------------------------
    "texts to padded sequences": """
from keras.preprocessing.text import Tokenizer
from keras.preprocessing.sequence import pad_sequences
tokenizer = Tokenizer(num_words=10)
tokenizer.fit_on_texts(["a cat", "a dog and a cat"])
found = pad_sequences(tokenizer.texts_to_sequences(["a cat", "dog"]), maxlen=3)
assert found.tolist() == [[0, 1, 2], [0, 0, 3]]
""",
    "a series in windows": """
from keras.preprocessing.sequence import TimeseriesGenerator
data = np.arange(10.0)
windows = TimeseriesGenerator(data, data, length=3, batch_size=4)
x, y = windows[0]
assert x[0].tolist() == [0, 1, 2] and y[0] == 3
""",
    "flow of images": """
from keras.preprocessing.image import ImageDataGenerator
images = np.ones((6, 8, 8, 1))
flow = ImageDataGenerator(rescale=0.5, horizontal_flip=True).flow(
    images, np.arange(6), batch_size=4, shuffle=False)
x, y = next(flow)
assert x.shape == (4, 8, 8, 1) and x.max() == 0.5 and y.tolist() == [0, 1, 2, 3]
""",
    "KerasClassifier": """
from keras.models import Sequential
from keras.layers import Dense
from keras.wrappers.scikit_learn import KerasClassifier
def build(units=2):
    model = Sequential([Dense(units, input_dim=4), Dense(3, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="sgd")
    return model
classifier = KerasClassifier(build_fn=build, units=3, nb_epoch=1, verbose=0)
classifier.fit(X, Y.argmax(1))
assert classifier.predict(X).shape == (16,) and classifier.model.count_params() == 27
assert np.allclose(classifier.predict_proba(X).sum(1), 1, atol=1e-5)
""",
    "plot_model": """
from keras.models import Sequential
from keras.layers import Dense
from keras.utils.vis_utils import plot_model
import os, tempfile
file = os.path.join(tempfile.mkdtemp(), "model.svg")
plot_model(Sequential([Dense(2, input_dim=4, name="first")]), to_file=file,
           show_shapes=True)
with open(file) as picture:
    assert "first" in picture.read()
""",
}
