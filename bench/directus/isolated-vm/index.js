// Nothing that is measured runs a script in a sandbox.
module.exports = {};
