// GlfwLibrary: GLFW and OpenGL, found when a window is opened and not before.
//
// Brink is one program for servers and desktops. Linked in the usual way, GLFW would be missing on
// every server, and `brink run` with it. So the library is opened by name when somebody wants a
// window; where it is not there, that is one message with what to install.
#pragma once

#include <GL/gl.h>
#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

namespace viz::ui {

/// GLFW's functions that we call, under their own names without the prefix.
struct GlfwLibrary {
#define BRINK_GLFW(name) decltype(&::glfw##name) name = nullptr
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

  /// The functions of libglfw.so.3, which stays loaded. Throws std::runtime_error with what to
  /// install where there is none.
  static const GlfwLibrary& get();
};

/// OpenGL's functions that we call ourselves; the rest is ImGui's.
struct GlFunctions {
  decltype(&::glGetString) get_string = nullptr;
  decltype(&::glGetIntegerv) get_integer = nullptr;
  decltype(&::glGenTextures) gen_textures = nullptr;
  decltype(&::glDeleteTextures) delete_textures = nullptr;
  decltype(&::glBindTexture) bind_texture = nullptr;
  decltype(&::glTexParameteri) tex_parameter = nullptr;
  decltype(&::glTexImage2D) tex_image = nullptr;
  decltype(&::glTexSubImage2D) tex_sub_image = nullptr;
  decltype(&::glViewport) viewport = nullptr;
  decltype(&::glClear) clear = nullptr;
  decltype(&::glReadPixels) read_pixels = nullptr;

  /// Requires a current context.
  explicit GlFunctions(const GlfwLibrary& glfw);
};

}  // namespace viz::ui
