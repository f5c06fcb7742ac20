#include "viz/ui/glfw_library.hpp"

#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace viz::ui {
namespace {

template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) throw std::runtime_error(std::string{"libglfw.so.3 has no "} + name);
}

GlfwLibrary load() {
  void* const library = dlopen("libglfw.so.3", RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    throw std::runtime_error(
        "a window needs GLFW, and there is no libglfw.so.3: install libglfw3 (apt-get install "
        "libglfw3 libgl1), or use --png FILE for a picture without a window");
  }
  GlfwLibrary g;
#define BRINK_GLFW(name) find(library, "glfw" #name, g.name)
  BRINK_GLFW(Init);
  BRINK_GLFW(Terminate);
  BRINK_GLFW(GetError);
  BRINK_GLFW(WindowHint);
  BRINK_GLFW(CreateWindow);
  BRINK_GLFW(DestroyWindow);
  BRINK_GLFW(MakeContextCurrent);
  BRINK_GLFW(SwapInterval);
  BRINK_GLFW(SwapBuffers);
  BRINK_GLFW(GetProcAddress);
  BRINK_GLFW(WindowShouldClose);
  BRINK_GLFW(PollEvents);
  BRINK_GLFW(WaitEventsTimeout);
  BRINK_GLFW(GetFramebufferSize);
  BRINK_GLFW(GetWindowSize);
  BRINK_GLFW(GetWindowAttrib);
  BRINK_GLFW(GetWindowContentScale);
  BRINK_GLFW(SetWindowTitle);
  BRINK_GLFW(SetWindowSizeLimits);
  BRINK_GLFW(SetWindowUserPointer);
  BRINK_GLFW(GetWindowUserPointer);
  BRINK_GLFW(SetKeyCallback);
  BRINK_GLFW(SetCharCallback);
  BRINK_GLFW(SetMouseButtonCallback);
  BRINK_GLFW(SetCursorPosCallback);
  BRINK_GLFW(SetCursorEnterCallback);
  BRINK_GLFW(SetScrollCallback);
  BRINK_GLFW(SetWindowRefreshCallback);
  BRINK_GLFW(CreateStandardCursor);
  BRINK_GLFW(SetCursor);
  BRINK_GLFW(SetClipboardString);
  BRINK_GLFW(GetClipboardString);
#undef BRINK_GLFW
  return g;
}

}  // namespace

const GlfwLibrary& GlfwLibrary::get() {
  static const GlfwLibrary library = load();
  return library;
}

GlFunctions::GlFunctions(const GlfwLibrary& glfw) {
  const auto find_gl = [&](const char* name, auto& function) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(glfw.GetProcAddress(name));
    if (function == nullptr) throw std::runtime_error(std::string{"OpenGL here has no "} + name);
  };
  find_gl("glGetString", get_string);
  find_gl("glGetIntegerv", get_integer);
  find_gl("glGenTextures", gen_textures);
  find_gl("glDeleteTextures", delete_textures);
  find_gl("glBindTexture", bind_texture);
  find_gl("glTexParameteri", tex_parameter);
  find_gl("glTexImage2D", tex_image);
  find_gl("glTexSubImage2D", tex_sub_image);
  find_gl("glViewport", viewport);
  find_gl("glClear", clear);
  find_gl("glReadPixels", read_pixels);
}

}  // namespace viz::ui
